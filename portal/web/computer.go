package web

import (
	"context"

	"github.com/odnowa/odnowa/portal/renewal"
)

// OfferComputer implements the contract's offerComputer.
func (s *server) OfferComputer(ctx context.Context, _ OfferComputerRequestObject) (OfferComputerResponseObject, error) {
	r, _, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, "offer_computer", renewal.Issued); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !r.Delivered { // the SAM was away when the certificate was issued; it has to have it first
		if err := s.deliver(ctx, r); err != nil {
			return nil, samFault(err)
		}
	}
	offer, err := s.sam.Offer(ctx, r.Application.Enrolment)
	if err != nil {
		return nil, samFault(err)
	}
	return OfferComputer200JSONResponse{ComputerOfferJSONResponse{Offer: offer}}, nil
}
